using BeBiDa.Hollow.Scheduling;
using k8s.Models;
using NUnit.Framework;

namespace BeBiDa.Hollow.Tests;

public sealed class NodeLoadSpecs
{
    [Test]
    public void A_cordoned_node_takes_no_pod_even_before_it_is_tainted()
    {
        var node = Node();
        node.Spec = new V1NodeSpec { Unschedulable = true };

        Assert.That(Refusal(node, Spec()), Is.EqualTo("unschedulable"));
    }

    [TestCase("False")]
    [TestCase("Unknown")]
    public void A_node_that_is_not_ready_takes_no_pod(string ready)
    {
        var node = Node();
        node.Status.Conditions[0].Status = ready;

        Assert.That(Refusal(node, Spec()), Is.EqualTo("not ready"));
    }

    [TestCase("kind", "Equal", "special", "NoSchedule", true)]
    [TestCase("kind", null, "special", null, true)]
    [TestCase("kind", "Exists", null, null, true)]
    [TestCase(null, "Exists", null, null, true)]
    [TestCase("kind", "Equal", "other", "NoSchedule", false)]
    [TestCase("kind", "Exists", null, "NoExecute", false)]
    [TestCase("other", "Exists", null, null, false)]
    public void A_toleration_fits_by_key_value_and_effect(string? key, string? operation, string? value, string? effect, bool fits)
    {
        var toleration = new V1Toleration
        {
            Key = key,
            OperatorProperty = operation,
            Value = value,
            Effect = effect,
        };

        Assert.That(
            Taints.Tolerates(
                toleration,
                new V1Taint
                {
                    Key = "kind",
                    Value = "special",
                    Effect = "NoSchedule",
                }
            ),
            Is.EqualTo(fits)
        );
    }

    [Test]
    public void A_node_takes_as_many_pods_as_it_says()
    {
        var load = new NodeLoad("node");
        load.Offer(Node(pods: 1));
        var first = new V1Pod
        {
            Metadata = new V1ObjectMeta { Uid = "1" },
            Spec = Spec(),
        };
        load.Add(first);

        Assert.That(load.Refuses(Spec(), default), Is.EqualTo("too many pods"));
        Assert.That(load.Remove(first), Is.True);
        Assert.That(load.Refuses(Spec(), default), Is.Null);
    }

    [TestCase("In", "ssd", true)]
    [TestCase("In", "tape", false)]
    [TestCase("NotIn", "tape", true)]
    [TestCase("NotIn", "ssd", false)]
    public void Required_node_affinity_is_required(string operation, string value, bool fits)
    {
        var pod = Spec() with
        {
            Affinity = new V1Affinity
            {
                NodeAffinity = new V1NodeAffinity
                {
                    RequiredDuringSchedulingIgnoredDuringExecution = new V1NodeSelector
                    {
                        NodeSelectorTerms =
                        [
                            new V1NodeSelectorTerm
                            {
                                MatchExpressions =
                                [
                                    new V1NodeSelectorRequirement
                                    {
                                        Key = "disk",
                                        OperatorProperty = operation,
                                        Values = [value],
                                    },
                                ],
                            },
                        ],
                    },
                },
            },
        };

        Assert.That(Refusal(Node(), pod) is null, Is.EqualTo(fits));
    }

    private static string? Refusal(V1Node node, V1PodSpec pod)
    {
        var load = new NodeLoad(node.Metadata.Name);
        load.Offer(node);
        return load.Refuses(pod, PodRequests.Of(pod));
    }

    private static V1PodSpec Spec() => new() { Containers = [new V1Container { Name = "main" }] };

    private static V1Node Node(int pods = 10) =>
        new()
        {
            Metadata = new V1ObjectMeta
            {
                Name = "node",
                Labels = new Dictionary<string, string> { ["disk"] = "ssd" },
            },
            Status = new V1NodeStatus
            {
                Allocatable = new Dictionary<string, ResourceQuantity>
                {
                    ["pods"] = new($"{pods}"),
                    ["cpu"] = new("2"),
                    ["memory"] = new("1Gi"),
                },
                Conditions = [new V1NodeCondition { Type = "Ready", Status = "True" }],
            },
        };
}
