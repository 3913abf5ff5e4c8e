#!/bin/bash
echo "not Terraform, and part of the answer"
