environment = "prod"

# db_password: sensitive and without default; set TF_VAR_db_password

ami_id = "ami-0c02fb55956c7d316"

# Auto Scaling
asg_min_size         = 2
asg_max_size         = 6
asg_desired_capacity = 2
