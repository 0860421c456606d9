"""Music that a model makes: ordered, checked, recorded."""
