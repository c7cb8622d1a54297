"""What a control room does: faults, restoration, indices of interruption."""
