import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Kafka's own consumer, which knows nothing of us: prints what of a topic is committed, from its beginning to its end
 * now, one record a line: partition, offset, key, ce_position, ce_previous, ce_id.
 */
class Records {
    public static void main(String[] args) {
        Map<String, Object> settings = Map.of(
            "bootstrap.servers", args[0],
            "isolation.level", "read_committed",
            "enable.auto.commit", "false",
            "max.poll.records", "5000");
        StringBuilder lines = new StringBuilder();
        StringDeserializer text = new StringDeserializer();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings, text, text)) {
            List<TopicPartition> partitions = consumer.partitionsFor(args[1]).stream()
                .map(info -> new TopicPartition(info.topic(), info.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(each -> consumer.position(each) < ends.get(each)))
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200)))
                    lines.append(record.partition()).append('\t').append(record.offset()).append('\t')
                        .append(record.key()).append('\t').append(header(record, "ce_position")).append('\t')
                        .append(header(record, "ce_previous")).append('\t').append(header(record, "ce_id")).append('\n');
        }
        System.out.print(lines);
    }

    private static String header(ConsumerRecord<String, String> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }
}
