//! What networks answered before.
//!
//! A musician turns a knob and the same bars are heard again: their latents, slots and actions, and what the dynamics makes of the context,
//! are the same to the last bit. A run depends on nothing but its inputs, so an answer may be given again.

use std::collections::HashMap;

use turnaround_core::contract::{Graph, sha256_of_samples};

use crate::runtime::{Tensor, TensorView};

/// Bytes of answers that are kept: some hundred bars.
const BUDGET: usize = 64 << 20;

/// Answers by question, the longest unused forgotten first.
pub(super) struct Memory {
    answers: HashMap<Question, Answer>,
    budget: usize,
    held: usize,
    /// Counts questions, so that an answer knows when it was last of use.
    now: u64,
}

/// A graph, and its inputs as shapes and a hash: nobody has found two inputs that share one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Question(String);

struct Answer {
    outputs: Vec<Tensor>,
    bytes: usize,
    last_used: u64,
}

impl Default for Memory {
    fn default() -> Self {
        Self::holding(BUDGET)
    }
}

impl Question {
    /// What this graph makes of these inputs; nothing where it is not asked again: the steps see new noise every time, and what leads from
    /// slots to sound sees new slots.
    pub(super) fn new(graph: Graph, inputs: &[TensorView<'_>]) -> Option<Self> {
        if matches!(graph, Graph::DynamicsStep | Graph::AdapterDecoder | Graph::DecoderCondition | Graph::DecoderStep) {
            return None;
        }
        let shapes: Vec<&[usize]> = inputs.iter().map(TensorView::shape).collect();
        Some(Self(format!("{graph} {shapes:?} {}", sha256_of_samples(inputs.iter().map(TensorView::values)))))
    }
}

impl Memory {
    fn holding(budget: usize) -> Self {
        Self { answers: HashMap::new(), budget, held: 0, now: 0 }
    }

    /// What was answered before.
    pub(super) fn recall(&mut self, question: &Question) -> Option<Vec<Tensor>> {
        self.now += 1;
        let answer = self.answers.get_mut(question)?;
        answer.last_used = self.now;
        Some(answer.outputs.clone())
    }

    /// Keeps an answer, and forgets others where there is no room.
    pub(super) fn keep(&mut self, question: Question, outputs: &[Tensor]) {
        let bytes = outputs.iter().map(|output| size_of_val(output.values())).sum();
        if bytes > self.budget {
            return;
        }
        while self.held + bytes > self.budget {
            self.forget_one();
        }
        self.held += bytes;
        let answer = Answer { outputs: outputs.to_vec(), bytes, last_used: self.now };
        if let Some(before) = self.answers.insert(question, answer) {
            self.held -= before.bytes;
        }
    }

    /// Forgets the answer that was of no use for longest.
    fn forget_one(&mut self) {
        let oldest = self.answers.iter().min_by_key(|(_, answer)| answer.last_used).map(|(question, _)| question.clone());
        match oldest.and_then(|question| self.answers.remove(&question)) {
            Some(answer) => self.held -= answer.bytes,
            None => self.held = 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(graph: Graph, values: &[f32]) -> Question {
        Question::new(graph, &[TensorView::new(&[values.len()], values)]).unwrap()
    }

    fn answer(value: f32) -> Vec<Tensor> {
        vec![Tensor::new(vec![2], vec![value; 2])]
    }

    #[test]
    fn an_answer_is_given_again_to_the_same_question_only() {
        let mut memory = Memory::default();
        memory.keep(question(Graph::Encoder, &[1.0, 2.0]), &answer(3.0));
        assert_eq!(memory.recall(&question(Graph::Encoder, &[1.0, 2.0])), Some(answer(3.0)));
        assert_eq!(memory.recall(&question(Graph::Encoder, &[1.0, 2.5])), None);
        assert_eq!(memory.recall(&question(Graph::AdapterEncoder, &[1.0, 2.0])), None);
        let other_shape = Question::new(Graph::Encoder, &[TensorView::new(&[2, 1], &[1.0, 2.0])]).unwrap();
        assert_eq!(memory.recall(&other_shape), None);
    }

    #[test]
    fn what_is_made_is_never_remembered() {
        for graph in [Graph::DynamicsStep, Graph::AdapterDecoder, Graph::DecoderCondition, Graph::DecoderStep] {
            assert!(Question::new(graph, &[]).is_none());
        }
    }

    #[test]
    fn what_was_of_no_use_for_longest_is_forgotten_first() {
        let mut memory = Memory::holding(16);
        let [a, b, c] = [1.0, 2.0, 3.0].map(|value| question(Graph::Encoder, &[value]));
        memory.keep(a.clone(), &answer(1.0));
        memory.keep(b.clone(), &answer(2.0));
        assert_eq!(memory.recall(&a), Some(answer(1.0)));
        memory.keep(c.clone(), &answer(3.0));
        assert_eq!(memory.recall(&b), None);
        assert_eq!((memory.recall(&a), memory.recall(&c)), (Some(answer(1.0)), Some(answer(3.0))));
        assert_eq!(memory.held, 16);
    }

    #[test]
    fn what_is_larger_than_all_room_is_not_kept() {
        let mut memory = Memory::holding(4);
        memory.keep(question(Graph::Encoder, &[1.0]), &answer(1.0));
        assert_eq!((memory.recall(&question(Graph::Encoder, &[1.0])), memory.held), (None, 0));
    }
}
