environment = "prod"

# db_password: sensitive and without default; set TF_VAR_db_password

ami_id = "ami-0c02fb55956c7d316"
