"""The power flow: primitive admittances, ordering and LDLᵀ, device controls, short circuit."""
