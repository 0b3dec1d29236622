"""How good the networks are: accuracy and calibration."""
