"""What PostgreSQL says about itself, through views that only the role erp_monitor may read.

Owns no tables. Its invariant: no value of any row is shown, so no tenant's data.
"""
