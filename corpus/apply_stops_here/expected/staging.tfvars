# staging.tfvars
environment = "staging"
