"""One canonical episode; one file per format read or written."""
