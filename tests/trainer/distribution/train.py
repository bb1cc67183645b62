"""Trains in a process of its own, as one of those that train together, and tells what came of it.

Called with a JSON object: `folder` of the pairs, `settings` of the training, `model` settings, number of CPU `devices`,
and `output` to write.
"""

import json
import sys

import tensorflow as tf

from tests.trainer.transformed_files import pairs_of
from trainer.config.model import ModelConfig
from trainer.config.training import TrainingConfig
from trainer.distribution.replicas import part_random_numbers
from trainer.distribution.strategy import create_strategy
from trainer.learning.fit import fit
from trainer.model.seq2seq import Seq2Seq

VOCABULARY = 12
LONGEST = 6


def train(call):
    """Trains; what came of it is in the file `output`."""
    training = TrainingConfig.model_validate(call["settings"])
    strategy = create_strategy(training.distribution)
    with strategy.scope():
        model = Seq2Seq(ModelConfig.model_validate(call["model"]), VOCABULARY, VOCABULARY, training.seed)
        part_random_numbers(model)
        splits = [pairs_of(f"{call['folder']}/{split}/*", longest=LONGEST, split=split) for split in ("train", "eval")]
        result = fit(model, training, *splits, call["output"] + ".logs")
    weights = [variable.numpy().tolist() for variable in model.trainable_variables]
    losses = [[epoch.train_loss, epoch.eval_loss, epoch.eval_token_accuracy] for epoch in result.history]
    states = [variable.value for variable in model.non_trainable_variables]
    seeds = [[copy.numpy().tolist() for copy in strategy.experimental_local_results(state)] for state in states]
    with open(call["output"], "w", encoding="utf-8") as file:
        told = {"replicas": strategy.num_replicas_in_sync, "losses": losses, "weights": weights, "seeds": seeds}
        json.dump(told, file)


if __name__ == "__main__":
    _call = json.loads(sys.argv[1])
    _cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(_cpu, [tf.config.LogicalDeviceConfiguration()] * _call["devices"])
    train(_call)
