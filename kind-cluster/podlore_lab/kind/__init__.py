"""The lab on kind: the same fake GPU nodes, replay and metrics beside real nodes, with the operator as a real pod."""
