"""What the functions do, in terms of ports. No AWS, no environment, no clock."""
