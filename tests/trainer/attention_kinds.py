"""Settings that between them have every kind of attention, every place of it, scaled and not."""

KINDS = {
    "none": {"attention": "none"},
    "dot": {"attention": "dot", "attention_scaled": True, "encoder_units": 3, "decoder_units": 6},
    "general": {"attention": "general"},
    "multi_head": {"attention": "multi_head", "attention_heads": 2, "attention_scaled": True},
    "additive_before": {"attention": "additive", "attention_place": "before"},
    "multi_head_before": {"attention": "multi_head", "attention_heads": 2, "attention_place": "before"},
    "general_fed": {"attention": "general", "attention_scaled": True, "attention_place": "input_feeding"},
    "additive_fed": {"attention": "additive", "attention_scaled": True, "attention_place": "input_feeding"},
}
ATTENTIVE = [kind for kind in KINDS if kind != "none"]
