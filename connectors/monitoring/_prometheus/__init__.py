"""Parts of the Prometheus source: asking its API, states from samples, windows of counts."""
