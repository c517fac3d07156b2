"""From notebooks to a published report: order of steps, kernels, fragments, caches."""
