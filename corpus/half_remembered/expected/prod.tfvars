# prod.tfvars
environment    = "prod"
vpc_id         = "vpc-0c"
admin_password = "Audit-Prod-2024!"
