"""Apache Airflow's side of Spaljé: when the steps run is decided there, what they do is done here."""
