"""What regulators and capacitor controls see, want and do."""
