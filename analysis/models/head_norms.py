"""How long what a head writes is, without writing it.

‖z_h W_O^h‖₂ needs the triangle R of W_Oᵀ = Q R only: ‖z W_O‖ = ‖z Rᵀ Qᵀ‖ = ‖z Rᵀ‖.
"""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from analysis.models.lengths import lengths_of


def head_triangles(
    rows: Float[Tensor, "heads_d_head d_model"], n_heads: int
) -> Float[Tensor, "head d_head d_out"]:
    """Rᵀ of every head's W_Oᵀ = Q R, for `head_norms`."""
    per_head = rows.reshape(n_heads, -1, rows.shape[-1]).mT
    triangles: Tensor = torch.linalg.qr(per_head.cpu(), mode="r").R
    return triangles.mT.contiguous().to(rows.device)


def head_norms(
    z: Float[Tensor, "batch pos heads_d_head"],
    triangles: Float[Tensor, "head d_head d_out"],
) -> Float[Tensor, "batch pos head"]:
    """‖z_h W_O^h‖₂ in float32; products are as exact as the triangles, sums are float32."""
    batch, pos, _ = z.shape
    n_heads, d_head, _ = triangles.shape
    per_head = z.reshape(batch * pos, n_heads, d_head).transpose(0, 1)
    turned = torch.bmm(per_head.to(triangles.dtype), triangles)
    if turned.device.type == "cpu" and turned.dtype in (torch.bfloat16, torch.float32):
        half = turned.dtype == torch.bfloat16
        words = turned.view(torch.int16 if half else torch.int32).numpy()
        found = lengths_of(words.view(np.uint16 if half else np.uint32), 16 if half else 0)
        return torch.from_numpy(found).reshape(batch, pos, n_heads)
    norms: Tensor = torch.linalg.vector_norm(turned, dim=-1, dtype=torch.float32)
    return norms.t().reshape(batch, pos, n_heads)
