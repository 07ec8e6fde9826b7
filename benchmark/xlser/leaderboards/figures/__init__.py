"""Pictures. Importing one of these modules imports matplotlib, which takes seconds."""
