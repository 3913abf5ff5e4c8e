# staging.tfvars
environment    = "staging"
vpc_id         = "vpc-0b"
admin_password = "Audit-Staging-2024!"
