"""VGG as a feature extractor, with a hand-written backward pass: convolutions, pooling, and the network of both."""
