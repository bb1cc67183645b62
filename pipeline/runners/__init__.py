"""One small runner per orchestrator, and what they share."""
