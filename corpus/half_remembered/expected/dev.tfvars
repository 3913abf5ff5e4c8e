# dev.tfvars
environment    = "dev"
vpc_id         = "vpc-0a"
admin_password = "Audit-Dev-2024!"
