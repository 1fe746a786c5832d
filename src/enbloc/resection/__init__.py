"""Cuts, margins and the optimum: how the tumour comes out in one or two pieces."""
