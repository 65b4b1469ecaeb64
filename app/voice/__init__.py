"""The telephone carrier at our door: its webhooks, what it is told, what is owed to it."""
