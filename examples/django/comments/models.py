"""What is kept. The tasks themselves are in the Go server's database."""

from django.db import models


class Thread(models.Model):
    """What was said about one task; made by the first comment on it."""

    task_id = models.BigIntegerField(primary_key=True)

    def __str__(self) -> str:
        return f"on task {self.task_id}"


class Comment(models.Model):
    """What somebody said."""

    thread = models.ForeignKey(Thread, models.CASCADE, related_name="comments")
    author = models.CharField(max_length=128)  # a user id of the Go server
    text = models.CharField(max_length=1000)
    written_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.author}: {self.text:.60}"
