"""What results depend on beside data and parameters: files, the program's own modules, installed packages."""
