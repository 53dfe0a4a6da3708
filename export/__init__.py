"""PyTorch to ONNX, with parity checks. Needs the extra ``export``; inference does not."""
