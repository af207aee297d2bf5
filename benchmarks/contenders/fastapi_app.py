"""FastAPI: a plain function, which it runs in its pool of threads.

uvicorn benchmarks.contenders.fastapi_app:app
"""

import io
from typing import Annotated, Any

from fastapi import FastAPI, File
from PIL import Image

from benchmarks.contenders.graphs import Graphs

app = FastAPI()
graphs = Graphs()


@app.post("/predict")
def predict(file: Annotated[bytes, File()]) -> dict[str, Any]:
    """One file in, its best classes out."""
    prepared = graphs.prepare(Image.open(io.BytesIO(file)))
    return graphs.answer(graphs.infer(prepared[None])[0])
