"""Package metadata of tfx-seq2seq; Beam workers and container images install the wheel made from it."""

from pathlib import Path

from setuptools import find_packages, setup

# The ranges here say what the code works with; deploy/locks/ pins what it is tested with.
REQUIREMENTS = [
    # TFX 1.16 is the newest TFX whose compiled parts (TFDV, ML Metadata) install on glibc older than 2.39.
    "tfx==1.16.0",
    "tensorflow==2.16.2",  # the TensorFlow that TFX 1.16's compiled parts are built against
    "tensorflow-transform==1.16.0",
    "tensorflow-serving-api==2.16.1",
    # From 2.65 on Beam pickles with cloudpickle, and from 2.69 it no longer brings dill, which TFX's libraries
    # import without declaring it: `import tensorflow_transform` fails.
    "apache-beam[gcp]==2.64.0",
    "dill==0.3.1.1",  # the one version that Beam 2.64 allows; named because TFX's libraries import it themselves
    "keras>=3.5,<3.13",  # Keras 3, which the model is written in; beside it TFX's libraries bring tf-keras
    "keras-tuner>=1.4.6,<2",  # TFX brings it; the search for settings is built on it
    "scikit-learn>=1.4",  # which its Bayesian search imports without declaring it
    "protobuf>=3.20.3,<4",  # the generated code of TFX 1.16 and ML Metadata 1.16
    "grpcio>=1.59",
    "grpcio-health-checking>=1.48",
    "pydantic>=2.10,<3",
    "PyYAML>=6",
    "typer>=0.15",
    "rich>=13",
    "psutil>=5.9",
    "sacrebleu>=2.4,<3",
    "jiwer>=3.1",
    "rapidfuzz>=3.9",
    "Babel>=2.14",
    # The demo page.
    "starlette>=0.47,<2",
    "uvicorn>=0.34,<1",  # without its extras: the page needs neither websockets nor a faster loop
    "Jinja2>=3.1,<4",
]

EXTRAS = {
    # The kfp whose specification TFX 1.16 compiles to; later ones want a newer protobuf.
    "kubeflow": ["kfp==2.5.0"],
    "vertex": ["kfp==2.5.0", "google-cloud-aiplatform>=1.60,<2"],
    "test": [
        "pytest>=8",
        "pytest-xdist>=3.6",
        "hypothesis>=6",
        "ruff>=0.8",
        "setuptools>=70.1,<81",
        "wheel",
        "playwright>=1.49",  # drives the chromium of the system; brings none of its own
        "cryptography>=41",  # makes certificates
    ],
}

setup(
    name="tfx-seq2seq",
    version="0.1.0",
    description="A production pipeline for text-to-text sequence models on TFX, served by TensorFlow Serving.",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10,<3.11",
    packages=find_packages(
        include=[
            f"{package}{below}"
            for package in ("pipeline", "components", "trainer", "transform", "serving")
            for below in ("", ".*")
        ]
    ),
    include_package_data=False,
    package_data={"serving.demo": ["templates/*", "static/*"]},
    install_requires=REQUIREMENTS,
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["seq2seq=pipeline.cli.main:main"]},
    classifiers=[
        "License :: OSI Approved :: Apache Software License",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.10",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
