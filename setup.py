"""Package metadata of tfx-seq2seq; Beam workers and container images install the wheel made from it."""

from pathlib import Path

from setuptools import find_packages, setup

# The ranges here say what the code works with; deploy/locks/ pins what it is tested with.

# What a generation of TFX ties down: its compiled parts are built against one TensorFlow and one protobuf. Python's
# version tells the generations apart; docs/generations.md says which one a machine gets.
GENERATIONS = {
    # TFX 1.16 is the newest TFX whose compiled parts (TFDV, ML Metadata) install on glibc older than 2.39.
    "python_version < '3.11'": [
        "tfx==1.16.0",
        "tensorflow==2.16.2",
        "tensorflow-transform==1.16.0",
        "tensorflow-serving-api==2.16.1",
        # From 2.65 on Beam pickles with cloudpickle, and from 2.69 it no longer brings dill, which TFX's libraries
        # import without declaring it: `import tensorflow_transform` fails.
        "apache-beam[gcp]==2.64.0",
        "dill==0.3.1.1",  # the one version that Beam 2.64 allows
        "keras>=3.5,<3.13",
        "protobuf>=3.20.3,<4",  # the generated code of TFX 1.16 and ML Metadata 1.16
    ],
    "python_version >= '3.11'": [
        "tfx==1.21.0",
        "tensorflow==2.21.0",
        "tensorflow-transform==1.21.0",
        "tensorflow-serving-api>=2.19,<2.20",
        "apache-beam[gcp]==2.77.0",
        "dill>=0.3.1.1",
        "keras>=3.13,<4",
        "protobuf>=6.31,<7",  # the generated code of TFX 1.21 and ML Metadata 1.21
    ],
}

REQUIREMENTS = [
    *(f"{requirement}; {python}" for python, pinned in GENERATIONS.items() for requirement in pinned),
    "tensorboard>=2.16,<3",  # curves of training; newer releases of TensorFlow do not bring it any more
    "keras-tuner>=1.4.6,<2",  # TFX brings it; the search for settings is built on it
    "scikit-learn>=1.4",  # which its Bayesian search imports without declaring it
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
    # The demo page, and the report of a run (Jinja2 alone).
    "starlette>=0.47,<2",
    "uvicorn>=0.34,<1",  # without its extras: the page needs neither websockets nor a faster loop
    "Jinja2>=3.1,<4",
]

# The kfp whose specification each generation compiles to; TFX 1.21 has none for Python 3.12 and later.
KFP = ["kfp==2.5.0; python_version < '3.11'", "kfp>=2.6,<2.17; python_version == '3.11'"]

EXTRAS = {
    "kubeflow": KFP,
    "vertex": [*KFP, "google-cloud-aiplatform>=1.60,<2"],
    "test": [
        "pytest>=8",
        "pytest-xdist>=3.6",
        "hypothesis>=6",
        "ruff>=0.8",
        "setuptools>=70.1,<81",
        "wheel",
        "playwright>=1.49",  # drives the chromium of the system; brings none of its own
        "cryptography>=41",  # makes certificates
        "kubernetes-validate>=1.32",  # Kubernetes' schemas, for the manifests in deploy/
    ],
}

setup(
    name="tfx-seq2seq",
    version="0.1.0",
    description="A production pipeline for text-to-text sequence models on TFX, served by TensorFlow Serving.",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10,<3.14",
    packages=find_packages(
        include=[
            f"{package}{below}"
            for package in ("pipeline", "components", "trainer", "transform", "serving")
            for below in ("", ".*")
        ]
    ),
    include_package_data=False,
    package_data={"serving.demo": ["templates/*", "static/*"], "components.report": ["templates/*"]},
    install_requires=REQUIREMENTS,
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["seq2seq=pipeline.cli.main:main"]},
    classifiers=[
        "License :: OSI Approved :: Apache Software License",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
