"""The reference methods, one file each, written against `xlser.methods` and `xlser.training`."""
