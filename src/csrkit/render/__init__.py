"""From the book project to HTML, PDF and Word, by Quarto or by the embedded renderer."""
