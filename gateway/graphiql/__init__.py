"""The GraphiQL page: its routes, and the bundle that web/ builds into static/."""
