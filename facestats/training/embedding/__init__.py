"""The training of the embedding that tells the people of one video apart: faces, teacher, fit, model folder."""
