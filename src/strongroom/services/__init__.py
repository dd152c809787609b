"""One folder for each AWS service; one file for each operation, named as boto3 names the method."""
