//! What is promised of it, with two organisations.
