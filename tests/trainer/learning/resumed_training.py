"""A training in a process of its own, to be killed: `python -m tests.trainer.learning.resumed_training FOLDER NAME`.

FOLDER holds the pairs of splits train and eval. Checkpoints go to FOLDER/checkpoints/NAME, the final weights and the
history to FOLDER/NAME.npz once the training is over. Each step writes its number to standard output.
"""

import logging
import pathlib
import sys

import numpy as np

import trainer.learning.learner as learner_module
from tests.trainer.transformed_files import pairs_of
from trainer.config.averaging import AveragingConfig
from trainer.config.checkpoints import CheckpointsConfig
from trainer.config.early_stopping import EarlyStoppingConfig
from trainer.config.model import ModelConfig
from trainer.config.objective import ObjectiveConfig, ScheduledSamplingConfig
from trainer.config.optimizer import OptimizerConfig
from trainer.config.schedule import ScheduleConfig
from trainer.config.training import TrainingConfig
from trainer.learning.checkpoint_folder import CheckpointFolder
from trainer.learning.fit import fit
from trainer.model.seq2seq import Seq2Seq

# All that remembers something between steps.
TRAINING = TrainingConfig(
    epochs=3,
    batch_tokens=64,
    shuffle_buffer=150,
    optimizer=OptimizerConfig(learning_rate=0.01, accumulate_batches=2),
    schedule=ScheduleConfig(decay="cosine", warmup_steps=5),
    averaging=AveragingConfig(ema_decay=0.9, checkpoints=2),
    early_stopping=EarlyStoppingConfig(metric="token_accuracy"),
    objective=ObjectiveConfig(
        label_smoothing=0.1, scheduled_sampling=ScheduledSamplingConfig(decay="constant", probability=0.8)
    ),
    checkpoints=CheckpointsConfig(every_steps=3),
    log_every_seconds=3600,
)
MODEL = ModelConfig(cell="gru", embedding_size=6, encoder_units=6, decoder_units=12, dropout=0.2, recurrent_dropout=0.1)


def main(folder: pathlib.Path, name: str) -> None:
    """Trains to the end, from the newest checkpoint on."""
    take_step = learner_module.Learner.take_step

    def told(self, batches, step, plateaus):
        sys.stdout.write(f"{step}\n")
        sys.stdout.flush()
        return take_step(self, batches, step, plateaus)

    learner_module.Learner.take_step = told
    logging.getLogger("seq2seq").setLevel(logging.INFO)
    logging.basicConfig(stream=sys.stderr, format="%(message)s")
    model = Seq2Seq(MODEL, 12, 12, TRAINING.seed)
    splits = [pairs_of(folder / split / "*", longest=6, split=split) for split in ("train", "eval")]
    checkpoints = CheckpointFolder(str(folder / "checkpoints" / name), TRAINING.checkpoints.keep)
    result = fit(model, TRAINING, *splits, str(folder / "log"), folder=checkpoints)
    figures = [(e.step, e.train_loss, e.eval_loss, e.eval_metric, e.learning_rate) for e in result.history]
    weights = {str(index): variable.numpy() for index, variable in enumerate(model.variables)}
    np.savez(folder / f"{name}.npz", history=figures, final=[result.eval_loss, result.best_epoch], **weights)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2])
