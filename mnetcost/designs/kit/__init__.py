"""What do all readers of model files share? Tensors, axes, layers, checked fields, folding."""
