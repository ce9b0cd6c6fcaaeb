"""The DAGs of deploy repositories: whether Airflow takes them, and how it fetches them."""
