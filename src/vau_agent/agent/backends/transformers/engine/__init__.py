"""Computes small models on a processor: ONNX graphs of ONNX Runtime's fused operations, 8 bits."""
