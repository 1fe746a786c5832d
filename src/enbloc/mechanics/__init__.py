"""What the column bears after the operation: geometry of spinal shortening. Usable without a patient."""
