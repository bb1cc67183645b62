"""What TFX's Tuner runs: the search for the settings that the Trainer uses. It holds no classes, as trainer.run."""

from typing import Any

from tfx.components.tuner.component import TunerFnResult

from trainer.config.decoding import DecodingConfig
from trainer.config.model import ModelConfig
from trainer.config.training import TrainingConfig
from trainer.config.tuner import TunerConfig
from trainer.distribution.strategy import create_strategy
from trainer.learning.fit import fit
from trainer.task import Task
from trainer.tuning.oracle import create_oracle
from trainer.tuning.search import SettingsTuner
from trainer.tuning.values import with_values


def tuner_fn(fn_args) -> TunerFnResult:
    """A tuner whose trials train on the transformed pairs.

    Args:
        fn_args: TFX's FnArgs. Its custom_config holds what that of run_fn holds, and the section tuner.
    """
    config = fn_args.custom_config
    tuner = TunerConfig.model_validate(config["tuner"])
    training = TrainingConfig.model_validate(config["training"])
    strategy = create_strategy(training.distribution)
    lengths = {
        "training.epochs": tuner.epochs or training.epochs,
        "training.max_steps": tuner.max_steps or training.max_steps,
    }
    task = Task.of(fn_args)
    text = task.target_text(DecodingConfig.model_validate(config["decoding"]))

    def train(values: dict[str, Any], epochs: int | None, directory: str) -> float:
        sections = with_values(config, {**lengths, **({"training.epochs": epochs} if epochs else {}), **values})
        training = TrainingConfig.model_validate(sections["training"])
        with strategy.scope():
            model = task.build_model(ModelConfig.model_validate(sections["model"]), training)
            result = fit(model, training, task.train, task.evaluation, log_directory=directory, text=text)
        return result.eval_metric

    oracle = create_oracle(tuner, training.early_stopping.metric, lengths["training.epochs"], training.seed)
    return TunerFnResult(SettingsTuner(oracle, train, fn_args.working_dir), fit_kwargs={})
