//! hydrant: a serverless function runtime with scale-to-zero, for a folder of binaries.

fn main() {}
