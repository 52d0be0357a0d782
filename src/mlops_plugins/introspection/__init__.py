"""What `mlops plugins` answers: what is there, what it takes, why it is chosen, whether it is sound."""
