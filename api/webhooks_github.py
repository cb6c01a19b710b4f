"""Webhooks from GitHub: verified, stored, acknowledged; what they mean is decided elsewhere."""

from fastapi import APIRouter

router = APIRouter(prefix="/webhooks", tags=["webhooks"])
