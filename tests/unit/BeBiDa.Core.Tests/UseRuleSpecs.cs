using BeBiDa.Accounts;

namespace BeBiDa.Tests;

/// <summary>What a node is used for, by what Slurm and Kubernetes say of it.</summary>
public sealed class UseRuleSpecs
{
    // Slurm's state; ready, schedulable, holds, pods, and those among them that tolerate a hold.
    [TestCase("ALLOCATED", "ready, held, lab.7", NodeUse.Slurm)]
    [TestCase("MIXED+PLANNED", "ready, held, lab.7", NodeUse.Slurm)]
    [TestCase("ALLOCATED+DRAIN", "not ready, held, lab.7 lab.drain", NodeUse.Slurm)]
    [TestCase("ALLOCATED", "ready, held, lab.7, 2 pods", NodeUse.Between, Description = "pods are leaving for the job")]
    [TestCase("ALLOCATED", "ready, held, lab.7, 2 pods, 2 tolerate", NodeUse.Slurm, Description = "no job waits for those")]
    [TestCase("ALLOCATED", "ready, 2 pods", NodeUse.Slurm, Description = "a job that keeps its nodes in Kubernetes")]
    [TestCase("ALLOCATED", "ready, held, lab.linger", NodeUse.Slurm, Description = "a relayed job")]
    [TestCase("IDLE", "not ready, held, lab.linger", NodeUse.Linger, Description = "kept for the next job")]
    [TestCase("IDLE+PLANNED", "ready, held, lab.linger lab.planned lab.policy, 1 pods", NodeUse.Planned)]
    [TestCase("IDLE", "ready, held, lab.policy", NodeUse.Policy)]
    [TestCase("IDLE", "ready, held, lab.policy lab.maint", NodeUse.Held, Description = "it would not be lent without its policy either")]
    [TestCase("ALLOCATED", "none", NodeUse.Slurm, Description = "kubernetes.removeNode")]
    [TestCase("ALLOCATED", "unknown", NodeUse.Slurm)]
    [TestCase("IDLE", "ready, 3 pods", NodeUse.LentWithPods)]
    [TestCase("IDLE+DRAIN", "ready, 3 pods", NodeUse.LentWithPods, Description = "a drained node stays lent, unless its reason is bad")]
    [TestCase("IDLE", "ready", NodeUse.LentEmpty)]
    [TestCase("IDLE+PLANNED", "ready", NodeUse.LentEmpty)]
    [TestCase("IDLE+NOT_RESPONDING", "ready", NodeUse.LentEmpty)]
    [TestCase("IDLE", "ready, held", NodeUse.Held, Description = "an admin's cordon")]
    [TestCase("IDLE", "ready, held, 1 pods", NodeUse.Held)]
    [TestCase("IDLE", "not ready", NodeUse.Held)]
    [TestCase("IDLE", "not ready, 1 pods", NodeUse.Held)]
    [TestCase("IDLE", "ready, held, lab.maint", NodeUse.Held)]
    [TestCase("IDLE", "ready, lab.maint", NodeUse.Held, Description = "uncordoned by hand")]
    [TestCase("IDLE", "none", NodeUse.Held)]
    [TestCase("IDLE", "ready, held, lab.7", NodeUse.Between, Description = "the job is over, its hold is not")]
    [TestCase("IDLE", "ready, held, lab.7 lab.maint", NodeUse.Between)]
    [TestCase("IDLE", "not ready, held, lab.return", NodeUse.Between, Description = "its kubelet has not reported since the job")]
    [TestCase("IDLE+COMPLETING", "ready, held", NodeUse.Between)]
    [TestCase("IDLE+DRAIN", "ready", NodeUse.Unavailable)]
    [TestCase("DOWN", "not ready, held, lab.down, 2 pods", NodeUse.Unavailable)]
    [TestCase("DOWN+NOT_RESPONDING", "none", NodeUse.Unavailable)]
    [TestCase("IDLE+MAINTENANCE+RESERVED", "ready, held, lab.maint", NodeUse.Unavailable)]
    [TestCase("IDLE+FAIL", "ready", NodeUse.Unavailable)]
    [TestCase("IDLE+REBOOT_REQUESTED", "ready, held, lab.reboot", NodeUse.Unavailable)]
    [TestCase("DOWN+REBOOT_ISSUED", "not ready", NodeUse.Unavailable)]
    [TestCase("IDLE+CLOUD+POWERED_DOWN", "not ready, held, lab.power", NodeUse.Unavailable)]
    [TestCase("IDLE+CLOUD+POWERING_UP", "not ready", NodeUse.Unavailable)]
    [TestCase(null, "ready, 3 pods", NodeUse.Unknown)]
    [TestCase("IDLE", "unknown", NodeUse.Unknown)]
    [TestCase("DOWN", "unknown", NodeUse.Unknown)]
    [TestCase("UNKNOWN", "ready", NodeUse.Unknown)]
    public void Each_state_is_one_use(string? slurm, string kubernetes, NodeUse use)
    {
        var words = kubernetes.Split(", ");
        int Number(string what) => int.Parse(words.FirstOrDefault(w => w.EndsWith(what))?.Split(' ')[0] ?? "0");
        var facts = words[0] is "none" or "unknown"
            ? null
            : new KubernetesFacts(
                words[0] == "ready",
                words.Contains("held"),
                string.Join(',', words.Where(w => w.StartsWith("lab."))).Replace(' ', ','),
                Number("pods"),
                Number("tolerate")
            );
        Assert.That(UseRule.Of(slurm, facts, isKubernetesKnown: words[0] != "unknown"), Is.EqualTo(use));
    }
}
