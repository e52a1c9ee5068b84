"""The pure core: values in, values out. No AWS, no environment, no clock."""
