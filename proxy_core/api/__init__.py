"""The face: who may enter, what is answered, and when."""
